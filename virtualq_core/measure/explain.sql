-- name: explain_query
-- The plan with what it cost. VERBOSE writes each column with its alias, so that a self-join's sides are told apart.
explain (analyze, verbose, buffers, settings, format json)

-- name: favour_indexes
-- No sequential scan, and random reads at no premium, whatever the server's settings say.
select set_config('enable_seqscan', 'off', true), set_config('random_page_cost', current_setting('seq_page_cost'), true);

-- name: list_rivals
-- The other indexes of the table, each with the constraint that it belongs to, if it does.
select n.nspname, t.relname, c.relname, k.conname
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_class as t on t.oid = i.indrelid
  join pg_namespace as n on n.oid = c.relnamespace
  left join pg_constraint as k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
 where i.indrelid = (select indrelid from pg_index where indexrelid = to_regclass(%(index)s))
   and i.indexrelid <> to_regclass(%(index)s);

-- name: drop_rival
drop index {schema}.{index};

-- name: drop_rival_constraint
alter table {schema}.{table} drop constraint {constraint} cascade;

-- name: limit_lock_wait
set local lock_timeout = '2s';

-- name: become_role
set local role {role};

-- name: prepare_statement
prepare measured {types} as

-- name: name_types
-- The names of types; what the driver leaves to the server has none.
select array(
           select case when t.oid = 0 then 'unknown' else format_type(t.oid, null) end
             from unnest(%(oids)s::oid[]) with ordinality as t (oid, place)
            order by t.place
       );

-- name: execute_statement
execute measured ({values})

-- name: forget_statement
deallocate measured;

-- name: choose_plan_mode
select set_config('plan_cache_mode', %(mode)s, true);

-- name: choose_setting
select set_config(%(name)s, %(value)s, true);

-- name: describe_function
-- Whether a function runs with its owner's rights. Row security binds those of the caller.
select p.prosecdef from pg_proc as p where p.oid = to_regproc(%(function)s);
