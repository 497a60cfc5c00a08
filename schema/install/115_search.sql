-- Search in custom data: what the application cannot ask itself without giving up the index.

-- Search a tenant's tickets by their custom data (jsonb containment), newest first. Under row security an application's
-- own query cannot use the GIN index: @> is not leakproof, so the tenant would have to be judged before it, row by
-- row. This function runs as the maintainer, whose plans hold no policy, and names the tenant itself.
create function virtualq.search_tickets(
    tenant_id    integer,
    wanted       jsonb,
    at_most      integer default 100
) returns table (
    ticket_id      bigint,
    extid          uuid,
    queue_id       integer,
    current_state  text,
    custom_data    jsonb,
    created_at     timestamptz
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    return query
    select t.id, t.extid, t.queue_id, t.current_state::text, t.custom_data, t.created_at
      from virtualq.Ticket as t
     where t.tenant_id = search_tickets.tenant_id
       and t.custom_data @> wanted
     order by t.created_at desc, t.id desc
     limit at_most;
end
$$;

-- Is the path one that virtualq.search_tickets_by_path() answers: from the root, by members and elements, with filters
-- that compare? The question is put to the path's canonical text, in which every name and string is a literal; without
-- what stands in them it may consist of nothing but the words and signs that are listed here.
create function virtualq.is_searchable_path(path jsonpath) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
return regexp_replace(path::text, '"(?:[^"\\]|\\.)*"', '""', 'g') ~
    ('^(?:strict )?\$(?!"")(?:'
     || '[$@](?!"")'                                                -- the root and the current item; no variable
     || '|\.(?:""|\*(?!\*)|size\(\)|type\(\))'                      -- a member, all members; nothing of any depth
     || '|\[\*\]|\[|\]|,| to |last'                                    -- elements
     || '|-?[0-9]+(?:\.[0-9]+)?|""|true|false|null'
     || '|\?|\(|\)|==|!=|<>|<=|>=|<|>|&&|\|\||!'
     || '|exists ?|starts with| is unknown| '
     || ')*$');

-- Search a tenant's tickets by a JSON path that finds something in their custom data (`@?`), newest first; as
-- search_tickets does, and for the same reason with the maintainer's rights.
--
-- Through the index a path is tried on the tickets of all tenants before the tenant is asked for. An error that depends on
-- a value (an undefined variable, a date with a time zone, a precision out of bounds) would tell what another tenant has,
-- and so would a regular expression by the time that it takes. Paths that can do such things are refused at once, by what
-- they say and whatever the tickets hold; `@?` suppresses the errors of the others. A path that is a predicate is refused
-- as well: it finds its own verdict everywhere, true or false.
create function virtualq.search_tickets_by_path(
    tenant_id    integer,
    path         jsonpath,
    at_most      integer default 100
) returns table (
    ticket_id      bigint,
    extid          uuid,
    queue_id       integer,
    current_state  text,
    custom_data    jsonb,
    created_at     timestamptz
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    if not virtualq.is_searchable_path(path) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('path-not-searchable: %s', path),
            hint = 'a path starts at $, goes by members, elements and filters that compare, and uses no variables, '
                'arithmetic, like_regex, ** or methods but size() and type()';
    end if;
    return query
    select t.id, t.extid, t.queue_id, t.current_state::text, t.custom_data, t.created_at
      from virtualq.Ticket as t
     where t.tenant_id = search_tickets_by_path.tenant_id
       and t.custom_data @? path
     order by t.created_at desc, t.id desc
     limit at_most;
end
$$;
