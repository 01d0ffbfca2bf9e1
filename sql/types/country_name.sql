create type country_name as enum ('(unknown)');
