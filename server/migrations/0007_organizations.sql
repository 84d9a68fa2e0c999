-- Organizations, who is in them, and what roles allow there.

-- One row: what holds for all organizations of the instance.
create table organization_settings (
    slot bigint primary key,                -- always 1
    enabled bigint not null,
    max_allowed_memberships bigint not null,        -- of a new organization; 0 is any number
    admin_delete_enabled bigint not null,           -- of a new organization
    domains_enabled bigint not null,
    slug_disabled bigint not null,
    force_organization_selection bigint not null,   -- nobody works outside of an organization
    creator_role_id text not null,
    domains_default_role_id text not null
);

create table permissions (
    id text primary key,
    key text not null unique,               -- org:feature:action
    name text not null,
    description text not null,
    kind text not null,                     -- system | user
    created_at bigint not null,
    updated_at bigint not null
);
create index permissions_by_created on permissions (created_at, id);

create table roles (
    id text primary key,
    key text not null unique,               -- org:admin
    name text not null,
    description text,
    permissions text not null,              -- their keys, sorted, a space between: they are read with every token
    created_at bigint not null,
    updated_at bigint not null
);
create index roles_by_created on roles (created_at, id);

create table organizations (
    id text primary key,
    name text not null,
    name_folded text not null,              -- in lower case, for searches
    slug text unique,
    logo_url text,
    public_metadata text not null,
    private_metadata text not null,
    max_allowed_memberships bigint not null,        -- 0 is any number
    admin_delete_enabled bigint not null,
    created_by text,                        -- kept when the user is deleted
    members_count bigint not null,          -- moves with every membership, in the same write
    created_at bigint not null,
    updated_at bigint not null
);
create index organizations_by_created on organizations (created_at, id);

create table organization_memberships (
    id text primary key,
    organization_id text not null references organizations (id),
    user_id text not null,
    role_id text not null references roles (id),
    public_metadata text not null,
    private_metadata text not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (user_id, organization_id)
);
create index memberships_by_organization on organization_memberships (organization_id, created_at, id);
create index memberships_by_role on organization_memberships (organization_id, role_id, created_at, id);
create index memberships_of_role on organization_memberships (role_id, id);
create index memberships_by_user on organization_memberships (user_id, created_at, id);
create index memberships_by_created on organization_memberships (created_at, id);

create table organization_invitations (
    id text primary key,
    organization_id text not null references organizations (id),
    email_address text not null,            -- in lower case
    role_id text not null,                  -- may be gone once the invitation is no longer open
    inviter_id text,
    public_metadata text not null,
    private_metadata text not null,
    redirect_url text,
    ticket_digest text unique,              -- null where nobody was given a link
    created_at bigint not null,
    updated_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    revoked_at bigint,
    refusals bigint not null default 0      -- how often the link was opened and led nowhere
);
create index invitations_by_organization on organization_invitations (organization_id, created_at, id);
create index invitations_by_address on organization_invitations (email_address, created_at, id);
create index invitations_by_created on organization_invitations (created_at, id);
create index invitations_pending on organization_invitations (organization_id, expires_at)
    where accepted_at is null and revoked_at is null;
create index invitations_of_role on organization_invitations (role_id, expires_at)
    where accepted_at is null and revoked_at is null;

create table organization_domains (
    id text primary key,
    organization_id text not null references organizations (id),
    name text not null,                     -- in lower case
    claimed text unique,                    -- the name where it is verified: one owner at a time
    created_at bigint not null,
    updated_at bigint not null,
    unique (organization_id, name)
);
create index domains_by_organization on organization_domains (organization_id, created_at, id);
create index domains_by_created on organization_domains (created_at, id);

-- In which organization a session is, as long as its user is a member there; null is the personal account.
alter table sessions add column organization_id text;
-- In which one the user's next session begins: the one last chosen or come into.
alter table users add column organization_id text;
-- In which one the session begins that the ticket opens, where its creator said so.
alter table tasks add column organization_id text;
alter table sign_in_tokens add column organization_id text;

insert into permissions (id, key, name, description, kind, created_at, updated_at) values
    ('perm_00000000000SysProfileManage', 'org:sys_profile:manage', 'Manage organization', 'Change its name, slug and logo', 'system', 1795651200000, 1795651200000),
    ('perm_00000000000SysProfileDelete', 'org:sys_profile:delete', 'Delete organization', 'Delete the organization', 'system', 1795651200000, 1795651200000),
    ('perm_000000000SysMembershipsRead', 'org:sys_memberships:read', 'Read members', 'See who is a member', 'system', 1795651200000, 1795651200000),
    ('perm_0000000SysMembershipsManage', 'org:sys_memberships:manage', 'Manage members', 'Add, invite, change and remove members', 'system', 1795651200000, 1795651200000),
    ('perm_0000000000000SysDomainsRead', 'org:sys_domains:read', 'Read domains', 'See the domains', 'system', 1795651200000, 1795651200000),
    ('perm_00000000000SysDomainsManage', 'org:sys_domains:manage', 'Manage domains', 'Add and remove domains', 'system', 1795651200000, 1795651200000);
insert into roles (id, key, name, description, permissions, created_at, updated_at) values
    ('role_0000000000000000000OrgAdmin', 'org:admin', 'Admin', 'May do everything in its organization', 'org:sys_domains:manage org:sys_domains:read org:sys_memberships:manage org:sys_memberships:read org:sys_profile:delete org:sys_profile:manage', 1795651200000, 1795651200000),
    ('role_000000000000000000OrgMember', 'org:member', 'Member', 'Works in its organization', 'org:sys_memberships:read', 1795651200000, 1795651200000);
insert into organization_settings (slot, enabled, max_allowed_memberships, admin_delete_enabled, domains_enabled, slug_disabled, force_organization_selection, creator_role_id, domains_default_role_id)
    values (1, 1, 0, 1, 0, 0, 0, 'role_0000000000000000000OrgAdmin', 'role_000000000000000000OrgMember');
