-- Where the owner is no superuser (a managed server), it must be a member of the application's role to speak as it.
-- Two databases may be migrated at the same moment: the second finds the membership made.
do $$
begin
    if not pg_has_role(current_user, 'goalcycle_app', 'SET') then
        execute format('grant goalcycle_app to %I', current_user);
    end if;
exception
    when unique_violation then null;
end
$$;
