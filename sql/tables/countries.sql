create table if not exists countries (
    name varchar not null,
    country varchar not null,
    iso3 varchar not null
);

comment on table countries is 'One row per spelling of a country name found in exports; filled from data/countries.csv.';
comment on column countries.name is 'Spelling in exports, lower-cased.';
comment on column countries.country is 'Usual English name, as Google Analytics writes it today.';
comment on column countries.iso3 is 'ISO 3166-1 alpha-3 code.';
