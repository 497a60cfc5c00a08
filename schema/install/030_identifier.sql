-- Time-ordered identifiers: new rows land at the right edge of the unique index instead of all over it.
do $identifier$
begin
    if to_regprocedure('pg_catalog.uuidv7()') is not null then
        execute $new$
            create function virtualq.new_extid() returns uuid
            language sql volatile parallel safe
            return pg_catalog.uuidv7()
        $new$;
    else
        -- RFC 9562 version 7: 48 bits of Unix milliseconds over a random version 4, then the version's two bits.
        execute $new$
            create function virtualq.new_extid() returns uuid
            language sql volatile parallel safe
            return encode(
                set_bit(
                    set_bit(
                        overlay(
                            uuid_send(gen_random_uuid())
                            placing substring(
                                int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3
                            )
                            from 1 for 6
                        ),
                        52, 1
                    ),
                    53, 1
                ),
                'hex'
            )::uuid
        $new$;
    end if;
end
$identifier$;

comment on function virtualq.new_extid() is 'a new time-ordered UUID (version 7)';

-- Many identifiers from one: its last 24 bits count, as RFC 9562 (6.2, method 1) lets them, which costs a tenth of drawing
-- each at random. For at most 16,777,215 of them.
create function virtualq.count_extid(drawn uuid, place bigint) returns uuid
language sql immutable parallel safe
return (left(drawn::text, 30) || lpad(to_hex(place), 6, '0'))::uuid;
