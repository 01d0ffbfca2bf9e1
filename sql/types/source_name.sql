create type source_name as enum ('(all other sources)', '(direct)', '(unknown)');
