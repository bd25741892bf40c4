"""Answers that no clock can judge: what came too late waits for a decision, what no network carried is brought in by a person.

`deciding` and `late_cms` are about the first (`exams.day.late` kept them), `rescue`, `intake` and `rescue_cms` about the second.
"""
