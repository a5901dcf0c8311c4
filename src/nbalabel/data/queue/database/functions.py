"""What ``handing.py`` does, as functions inside of PostgreSQL: one message instead of fifteen.

Each statement in them sees what was committed before that statement, as if it came from outside. Their names
end in a digest of their text: different releases of nbalabel may share one database.
"""

from __future__ import annotations

import hashlib

from .pace import AT_FIRST, KNOWN, LATELY, LONGEST, PACE, SHORTEST

_TASK = {
    "job": "bigint", "task": "bigint", "step": "text", "image": "bigint", "row_of": "bigint",
    "version": "text", "until": "float8", "proposed": "text", "content": "text", "author": "text",
    "comment": "text", "place": "text", "corrected": "text",
}  # fmt: skip
COLUMNS = (
    "j.job_id, t.task_id, j.step, t.image_id, t.row_id, t.version, u.until, t.proposed, a.content, "
    "a.annotator, d.comment, d.place, d.content"
)
JOINS = """
    JOIN nbl_tasks t ON t.task_id = j.task_id
    LEFT JOIN nbl_answers a ON a.answer_id = j.answer_id
    LEFT JOIN nbl_decisions d ON d.job_id = (SELECT e.job_id FROM nbl_decisions e
        WHERE e.answer_id = j.answer_id ORDER BY e.given DESC LIMIT 1)
    JOIN nbl_turns u ON u.job_id = j.job_id"""
"""What is known of a job ``j`` in the hands of an annotator, whose turn is ``u``."""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# Tables that were just filled have no statistics: say which plans are right. They are made once. The turns of
# a job are counted, since a join with NOT EXISTS would be made by the annotator alone, and read all turns for
# each job.
_PLANS = """SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off"""

_FREE = """
            FROM nbl_jobs j WHERE j.queue_id = the_queue AND j.step = the_step AND j.free > 0
            AND j.place >= start AND (j.only_for IS NULL OR j.only_for = who)
            AND (j.not_for IS NULL OR j.not_for <> who)
            AND (SELECT count(*) FROM nbl_turns t
                WHERE t.job_id = j.job_id AND t.annotator = who AND t.state <> 'lost') = 0
            ORDER BY j.place, j.job_id LIMIT 1"""

_HAND_OUT = f"""
    (the_queue bigint, who text, at_seat text, steps text[], n int, moment float8)
    RETURNS bigint[] LANGUAGE plpgsql {_PLANS} AS $$
#variable_conflict use_column
DECLARE
    given bigint[] := '{{}}'; the_step text; freed record;
    start float8; was float8; lease float8; first_place float8; found_job bigint; found_gold int;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF EXISTS (SELECT 1 FROM nbl_turns WHERE queue_id = the_queue AND state = 'held' AND until < moment) THEN
        FOR freed IN
            WITH due AS (SELECT job_id, annotator FROM nbl_turns
                WHERE queue_id = the_queue AND state = 'held' AND until < moment
                ORDER BY until LIMIT 100 FOR UPDATE SKIP LOCKED),
            lost AS (UPDATE nbl_turns t SET state = 'lost' FROM due
                WHERE t.job_id = due.job_id AND t.annotator = due.annotator RETURNING t.job_id),
            free_again AS (UPDATE nbl_jobs j SET free = j.free + l.n
                FROM (SELECT job_id, count(*) AS n FROM lost GROUP BY job_id) l
                WHERE j.job_id = l.job_id RETURNING j.step, j.place)
            SELECT step, min(place) AS place FROM free_again GROUP BY step
        LOOP
            PERFORM 1 FROM nbl_cursors WHERE queue_id = the_queue AND step = freed.step
                ORDER BY annotator FOR UPDATE;
            UPDATE nbl_cursors SET place = freed.place
                WHERE queue_id = the_queue AND step = freed.step AND place > freed.place;
        END LOOP;
    END IF;
    FOREACH the_step IN ARRAY steps LOOP
        EXIT WHEN cardinality(given) >= n;
        SELECT place INTO start FROM nbl_cursors
            WHERE queue_id = the_queue AND annotator = who AND step = the_step FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO nbl_cursors (queue_id, annotator, step, place)
                VALUES (the_queue, who, the_step, -1e300) ON CONFLICT DO NOTHING;
            SELECT place INTO start FROM nbl_cursors
                WHERE queue_id = the_queue AND annotator = who AND step = the_step FOR UPDATE;
        END IF;
        was := start;
        SELECT CASE WHEN count(*) < {KNOWN} THEN {AT_FIRST} ELSE least(greatest({PACE} *
                percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), {SHORTEST}), {LONGEST}) END
            INTO lease FROM (SELECT seconds FROM nbl_answers
                WHERE queue_id = the_queue AND annotator = who AND step = the_step
                ORDER BY given DESC LIMIT {LATELY}) lately;
        WHILE cardinality(given) < n LOOP
            SELECT j.place INTO first_place {_FREE};
            EXIT WHEN NOT FOUND;
            start := first_place;
            SELECT j.job_id, j.gold INTO found_job, found_gold {_FREE} FOR UPDATE SKIP LOCKED;
            EXIT WHEN NOT FOUND;
            EXIT WHEN found_gold = 1 AND NOT EXISTS (SELECT 1 FROM nbl_jobs
                WHERE queue_id = the_queue AND step = the_step AND free > 0 AND gold = 0);
            UPDATE nbl_jobs SET free = free - 1 WHERE job_id = found_job;
            INSERT INTO nbl_turns
                (job_id, annotator, queue_id, step, state, seat, given, until, seconds, reason)
                VALUES (found_job, who, the_queue, the_step, 'held', at_seat, moment,
                    moment + lease * (1 + cardinality(given)), 0, '')
                ON CONFLICT (job_id, annotator) DO UPDATE
                SET state = 'held', seat = excluded.seat, until = excluded.until;
            given := given || found_job;
        END LOOP;
        IF start <> was THEN
            UPDATE nbl_cursors SET place = start
                WHERE queue_id = the_queue AND annotator = who AND step = the_step;
        END IF;
    END LOOP;
    RETURN given;
END $$"""  # noqa: S608  # of constants

HAND_OUT = f"nbl_hand_out_{_digest(_HAND_OUT)}"
"""Name of the function that :func:`..handing.hand_out` calls; its arguments are the same."""

_TAKE = f"""
    (the_queue bigint, who text, at_seat text, steps text[], n int, moment float8)
    RETURNS TABLE ({", ".join(f"{name} {kind}" for name, kind in _TASK.items())})
    LANGUAGE plpgsql {_PLANS} AS $$
#variable_conflict use_column
DECLARE
    mine bigint[];
BEGIN
    UPDATE nbl_turns SET seat = at_seat WHERE queue_id = the_queue AND annotator = who AND state = 'held'
        AND seat <> at_seat AND step = ANY(steps);
    SELECT coalesce(array_agg(job_id ORDER BY array_position(steps, step), until, job_id), '{{}}')
        INTO mine FROM nbl_turns
        WHERE queue_id = the_queue AND annotator = who AND state = 'held' AND step = ANY(steps);
    mine := mine[1:n];
    IF cardinality(mine) < n THEN
        mine := mine || {HAND_OUT}(the_queue, who, at_seat, steps, n - cardinality(mine), moment);
    END IF;
    RETURN QUERY SELECT {COLUMNS} FROM unnest(mine) WITH ORDINALITY AS m (job_id, place)
        JOIN nbl_jobs j ON j.job_id = m.job_id {JOINS} AND u.annotator = who ORDER BY m.place;
END $$"""  # noqa: S608  # of constants

TAKE = f"nbl_take_{_digest(_TAKE)}"
"""Name of the function that :func:`..handing.take` calls; its arguments are the same."""

FUNCTIONS = {HAND_OUT: f"CREATE FUNCTION {HAND_OUT} {_HAND_OUT}", TAKE: f"CREATE FUNCTION {TAKE} {_TAKE}"}
"""The functions by name, each with the statement that makes it."""
