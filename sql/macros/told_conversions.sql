create or replace macro told_conversions(k) as k;

comment on macro told_conversions is 'k, a figure that counts conversions; NULL where no loaded file tells them (see data_lacks), so that nobody reads silence as 0 %. Which of the two is settled at each publish, since what is asked at each query costs planning. Where only some files tell conversions, the sessions of the others count as not converted: data_lacks and data_warnings say how many.';
