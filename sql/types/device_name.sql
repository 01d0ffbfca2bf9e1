create type device_name as enum ('desktop', 'mobile', 'tablet', 'other');
