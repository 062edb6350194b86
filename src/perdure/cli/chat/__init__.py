"""Talking in the terminal.

What belongs here: whatever `perdure chat` shows, asks and understands. One event loop in the main thread waits for the
server and for the keyboard alike. What is shown is only ever appended to: nothing that was read moves or goes.

pure      `orders` (what was typed), `keymap` (what the keys do), `branch` (which message is meant), `fuzzy` (what a
          filter finds), `harmless` (no text commands the terminal), `markup` and `wrap` (how text looks), `reply_view`
at work   `talk` (the server), `page` (the output), `prompt` and `keys` (the input), `pick` (lists), `history`
together  `session` (a person at a terminal), `scene` (a chat on the page), `actions` (what each order does, in
          `message_orders` and `chat_orders`), `pipe` (a script)
"""
