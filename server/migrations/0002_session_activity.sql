-- Where and with what program a session was last used.
alter table sessions add column ip text;
alter table sessions add column user_agent text;
update sessions set
    ip = (select t.used_ip from tasks t where t.id = sessions.task_id),
    user_agent = (select t.used_agent from tasks t where t.id = sessions.task_id)
    where task_id is not null;
