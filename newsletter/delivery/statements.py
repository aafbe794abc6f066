"""The statements of the ledger's inmost loop, in the database driver's own words.

They run for every message, thousands of times a second, so they pass neither
the ORM nor its expression language: that would cost more than the mail. What
they mean is said once, for both databases; what differs is put in by `drivers`.
"""

from newsletter.delivery.reasons import AGAIN

# One UPDATE decides who gets a batch. Whoever was told of it has come: given back, it is
# told again at once.
CLAIM = """
    UPDATE batch SET lease = lease + 1, leased_until = {end}, dispatched_at = NULL
    WHERE id = :batch AND NOT is_done AND leased_until IS NULL
    RETURNING lease
"""

HOLD_LEASE = """
    UPDATE batch SET leased_until = {end}
    WHERE id = :batch AND lease = :token AND leased_until IS NOT NULL
"""

# What is due farther ahead than any wait was written by a clock that was set back (STANDARDS XH22).
DUE_IN = """
    SELECT id, provider FROM delivery
    WHERE batch_id = :batch AND state = 'waiting'
        AND (due_at IS NULL OR due_at <= :now OR due_at > :too_far)
    ORDER BY id
"""

# Done if nothing is open in it, else due when its next row is. One with a row in flight is
# kept until its lease runs out: only a sweep may say what became of that row.
GIVE_BACK = """
    UPDATE batch
    SET leased_until = NULL,
        is_done = NOT EXISTS (
            SELECT 1 FROM delivery WHERE batch_id = :batch AND state = 'waiting'),
        due_at = {latest}(:not_before, COALESCE((
            SELECT MIN(CASE WHEN delivery.due_at > :now THEN delivery.due_at ELSE :at_once END)
            FROM delivery WHERE batch_id = :batch AND state = 'waiting'), :at_once))
    WHERE id = :batch AND lease = :token AND leased_until IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE batch_id = :batch AND state = 'in_flight')
"""

# Whether the run of a batch seems to be over; whoever ends it looks again, alone.
SEEMS_OVER = """
    SELECT 1 FROM batch JOIN send ON send.id = batch.send_id
    WHERE batch.id = :batch AND send.finished_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM batch AS other WHERE other.send_id = send.id AND NOT other.is_done)
"""

# A digest is wanted as long as any of the lists is that it has issues of.
_ANY_LIST_IS_WANTED = """
    issue.id < 0 AND EXISTS (
        SELECT 1 FROM digest_issue
        JOIN issue AS within ON within.id = digest_issue.issue_id
        JOIN subscription AS one ON one.mailing_list_id = within.mailing_list_id
        WHERE digest_issue.edition_id = delivery.edition_id
            AND one.subscriber_id = delivery.subscriber_id AND one.state = 'confirmed')
"""

# Granted only if the row still waits, its batch is still the asker's, its issue is
# still being sent and the reader still wants it (STANDARDS 5.2 clauses 3 and 9).
MARK = f"""
    UPDATE delivery
    SET state = 'in_flight', attempts = :attempt, due_at = NULL,
        first_attempt_at = :date, merge_values = :values
    WHERE id = :id AND batch_id = :batch AND state = 'waiting' AND attempts = :attempt - 1
        AND EXISTS (
            SELECT 1 FROM batch
            WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
        AND EXISTS (
            SELECT 1 FROM send
            JOIN issue ON issue.id = send.issue_id
            JOIN subscriber ON subscriber.id = delivery.subscriber_id
            JOIN subscription ON subscription.subscriber_id = subscriber.id
                AND subscription.mailing_list_id = issue.mailing_list_id
            WHERE send.id = delivery.send_id AND issue.state = 'sending'
                AND (subscription.state = 'confirmed' OR {_ANY_LIST_IS_WANTED})
                AND NOT EXISTS (
                    SELECT 1 FROM suppression
                    WHERE suppression.address_hmac = subscriber.address_hmac))
"""

# It may have been sent before, and a person wants it sent again.
_IN_DOUBT = f"substr(reason, 1, {len(AGAIN)}) = '{AGAIN}'"

# That the second attempt came to nothing says nothing about the first: it is uncertain still,
# and keeps what its bytes are made of (STANDARDS 5.2 clause 4).
_STILL_IN_DOUBT = f"{_IN_DOUBT} AND :state IN ('failed', 'suppressed')"

_OUTCOME = f"""
    UPDATE delivery
    SET state = CASE WHEN {_STILL_IN_DOUBT} THEN 'uncertain' ELSE :state END,
        due_at = :due_at, finished_at = :finished_at,
        attempts = CASE WHEN :attempt > 0 THEN :attempt ELSE attempts END,
        first_attempt_at = COALESCE(first_attempt_at, :date),
        merge_values = CASE WHEN {_STILL_IN_DOUBT} THEN merge_values ELSE :values END,
        reply_code = :code, reply_status = :status,
        reason = CASE WHEN {_STILL_IN_DOUBT} THEN substr(reason || ' Then: ' || :reason, 1, 500)
            WHEN {_IN_DOUBT} AND :state = 'waiting' THEN reason ELSE :reason END
"""

# The number of the attempt fences: the row may have been sent on by somebody else. What
# the relay said for good is the evidence that an uncertain row missed.
ANSWER_MARKED = f"""{_OUTCOME}
    WHERE id = :id AND attempts = :attempt
        AND (state = 'in_flight' OR state = 'uncertain' AND :is_evidence)
"""

# No dot followed the mark, so the attempt is not charged. Its number may come again, and so
# the lease fences: within one, nobody tries a row twice.
UNDO = """
    UPDATE delivery SET state = 'waiting', attempts = :attempt - 1, due_at = :due_at
    WHERE id = :id AND state = 'in_flight' AND attempts = :attempt AND EXISTS (
        SELECT 1 FROM batch
        WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
"""

ANSWER_UNMARKED = f"""{_OUTCOME}
    WHERE id = :id AND state = 'waiting' AND EXISTS (
        SELECT 1 FROM batch
        WHERE batch.id = :batch AND batch.lease = :token AND batch.leased_until IS NOT NULL)
"""

LOOK = f"""
    SELECT delivery.id, delivery.state, delivery.attempts, delivery.first_attempt_at,
        delivery.merge_values, delivery.edition_id, issue.state, subscriber.address,
        subscriber.name, subscriber.attributes, subscriber.format, subscription.id,
        CASE WHEN subscription.state <> 'confirmed' AND {_ANY_LIST_IS_WANTED}
            THEN 'confirmed' ELSE subscription.state END,
        suppression.reason, subscription.agreed_to_tracking
    FROM delivery
    JOIN send ON send.id = delivery.send_id
    JOIN issue ON issue.id = send.issue_id
    LEFT JOIN subscriber ON subscriber.id = delivery.subscriber_id
    LEFT JOIN subscription ON subscription.subscriber_id = subscriber.id
        AND subscription.mailing_list_id = issue.mailing_list_id
    LEFT JOIN suppression ON suppression.address_hmac = subscriber.address_hmac
    WHERE delivery.id {{among}}
"""
