-- How many organizations the pages of a user may create; null is any number.
alter table users add column create_organizations_limit bigint;
create index organizations_by_creator on organizations (created_by) where created_by is not null;
