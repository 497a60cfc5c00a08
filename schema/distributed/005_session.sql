-- What this transaction needs of Citus, before anything else runs in it: all commands to a node over one connection,
-- because the tables that come last must see the functions that come first; triggers on spread tables; and no command
-- sent to the nodes as the text of the whole file that it stands in.
select set_config('citus.multi_shard_modify_mode', 'sequential', true),
       set_config('citus.enable_unsafe_triggers', 'on', true),
       set_config('citus.propagate_set_commands', 'none', true);
