"""A whole conversation with nobody there: a synthetic person, a simulated room, virtual time.

Nothing is faked but the person: the prompts are rendered, mixed into a room with echo and noise,
recognised from what its microphone heard, and answered by the real dialogue.
"""
