create type channel_name as enum (
    'Direct', 'Cross-network', 'Paid Shopping', 'Paid Search', 'Paid Social', 'Paid Video', 'Display', 'Paid Other',
    'Organic Shopping', 'Organic Social', 'Organic Video', 'Organic Search', 'AI Assistant', 'Referral', 'Email',
    'Affiliates', 'Audio', 'SMS', 'Mobile Push Notifications', 'Unassigned', '(unknown)'
);
