"""What a worker sees of exams outside the paper: the list, the entry page, the receipt, the result. `views` has the addresses."""
