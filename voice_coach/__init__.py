"""A voice that leads a person through a calf cramp, hands-free and offline.

Data flows one way, and the packages show it::

    microphone -> audio -> listening -> dialogue -> speaking -> audio -> speaker

``session`` is the only loop; ``dialogue`` is pure; ``content`` is what a clinician may edit.
"""

__version__ = "0.1.0"
