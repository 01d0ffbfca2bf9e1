"""From filters to rows: what each page reads, through the documented relations alone."""
