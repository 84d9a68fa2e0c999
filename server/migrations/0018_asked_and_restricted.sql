-- Tasks whose visitor is asked first, and sessions that are good for less.
alter table tasks add column confirm text not null default 'nobody';
alter table tasks add column restricted bigint not null default 0;
alter table sessions add column restricted bigint not null default 0;
