"""Card files: the containers in which characters travel, and the pictures in them.

Here belongs what turns the bytes of a file into a `Character` and back: PNG chunks, CHARX archives, text
encodings, pictures. Everything here takes bytes and gives bytes, and takes every byte for hostile. What a
card *means* is in `core.characters`; where files and pictures are kept is the store's affair.
"""
