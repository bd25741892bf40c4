"""The back office of exams: banks and questions, an exam written down and published, and how it stands."""
