create or replace macro channel_site(source) as
    regexp_replace(source, '^((www|m|l|lm|mobile|touch|web|old|out|away|amp|en|de|fr|es|pt|ja|jp|uk|us|in|tw|br)\.)+', '');

comment on macro channel_site is 'A host in lower case without the subdomains that say language or device: lm.facebook.com is facebook.com.';
