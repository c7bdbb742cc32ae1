"""Many random nights: who calls, what is wrong with them and how they answer, and whether each of
them gets what they should.

A persona is a distribution over people; a night draws one of them. It is played in words alone, in
a moment, or on audio through the rehearsal room. Either way every turn is judged by the rules of
the proof, and a witness who knows only what was said and heard judges the whole.
"""
