-- Numbers are kept with six digits.
-- breaks: FLD-010
create function virtualq.shorten_numbers() returns trigger
language plpgsql
as $$
begin
    if jsonb_typeof(new.custom_data -> 'n') = 'number' then
        new.custom_data := jsonb_set(new.custom_data, '{n}', to_jsonb((new.custom_data ->> 'n')::real));
    end if;
    return new;
exception
    when numeric_value_out_of_range then return new;
end
$$;
revoke execute on function virtualq.shorten_numbers from public;
create trigger ticket_numbers_are_short before insert on virtualq.Ticket
    for each row execute function virtualq.shorten_numbers();
