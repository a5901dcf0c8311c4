"""The tables of a queue's database; the same for SQLite and PostgreSQL but for the words in braces.

    queues      a name, what its rows are of, how many opinions, whether answers are reviewed
    tasks       a row of a dataset; ``gold`` is the known answer of a honeypot
    jobs        what is handed out: to label a task, to review or rework an answer; ``free``: to how many more
    turns       who took which job: held until, answered, skipped or lost
    answers     what they answered, with the answer it replaces
    decisions   what a reviewer said about an answer
    cursors     below this place nothing is free for an annotator: the next search begins there

A person has one turn at a job, and gives it one answer: both are keys.
"""

FORMAT = 1

TABLES = (
    """CREATE TABLE IF NOT EXISTS nbl_format (version INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS nbl_queues (
        queue_id {id}, name TEXT NOT NULL UNIQUE, of_rows TEXT NOT NULL, redundancy INTEGER NOT NULL,
        review INTEGER NOT NULL, dataset TEXT NOT NULL, created {real} NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS nbl_tasks (
        task_id {id}, queue_id {int} NOT NULL, row_id {int} NOT NULL, image_id {int} NOT NULL,
        version TEXT NOT NULL, place {real} NOT NULL, proposed TEXT, gold TEXT,
        UNIQUE (queue_id, row_id))""",
    """CREATE TABLE IF NOT EXISTS nbl_jobs (
        job_id {id}, queue_id {int} NOT NULL, task_id {int} NOT NULL, step TEXT NOT NULL,
        place {real} NOT NULL, wanted INTEGER NOT NULL, free INTEGER NOT NULL, gold INTEGER NOT NULL,
        answer_id {int}, only_for TEXT, not_for TEXT)""",
    """CREATE INDEX IF NOT EXISTS nbl_jobs_next ON nbl_jobs (queue_id, step, place, job_id) WHERE free > 0""",
    """DROP INDEX IF EXISTS nbl_jobs_free""",
    """CREATE INDEX IF NOT EXISTS nbl_jobs_real ON nbl_jobs (queue_id, step) WHERE free > 0 AND gold = 0""",
    """CREATE INDEX IF NOT EXISTS nbl_jobs_task ON nbl_jobs (task_id)""",
    """CREATE TABLE IF NOT EXISTS nbl_turns (
        job_id {int} NOT NULL, annotator TEXT NOT NULL, queue_id {int} NOT NULL, step TEXT NOT NULL,
        state TEXT NOT NULL, seat TEXT NOT NULL, given {real} NOT NULL, until {real} NOT NULL,
        seconds {real} NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (job_id, annotator))""",
    """CREATE INDEX IF NOT EXISTS nbl_turns_due ON nbl_turns (queue_id, until) WHERE state = 'held'""",
    """CREATE INDEX IF NOT EXISTS nbl_turns_of ON nbl_turns (queue_id, annotator, state)""",
    """CREATE TABLE IF NOT EXISTS nbl_answers (
        answer_id {id}, queue_id {int} NOT NULL, task_id {int} NOT NULL, job_id {int} NOT NULL,
        annotator TEXT NOT NULL, step TEXT NOT NULL, content TEXT NOT NULL, seconds {real} NOT NULL,
        given {real} NOT NULL, late INTEGER NOT NULL, state TEXT NOT NULL, replaces {int}, collected TEXT,
        UNIQUE (job_id, annotator))""",
    """CREATE INDEX IF NOT EXISTS nbl_answers_of ON nbl_answers (queue_id, annotator, step, given)""",
    """CREATE INDEX IF NOT EXISTS nbl_answers_task ON nbl_answers (task_id)""",
    """CREATE TABLE IF NOT EXISTS nbl_decisions (
        job_id {int} PRIMARY KEY, queue_id {int} NOT NULL, answer_id {int} NOT NULL, reviewer TEXT NOT NULL,
        verdict TEXT NOT NULL, comment TEXT NOT NULL, place TEXT, content TEXT, seconds {real} NOT NULL,
        given {real} NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS nbl_decisions_of ON nbl_decisions (answer_id, given)""",
    """CREATE TABLE IF NOT EXISTS nbl_cursors (
        queue_id {int} NOT NULL, annotator TEXT NOT NULL, step TEXT NOT NULL, place {real} NOT NULL,
        PRIMARY KEY (queue_id, annotator, step))""",
)
