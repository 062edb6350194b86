"""The status page: drawn from a report and nothing else, as files that anybody can serve.

Pages without JavaScript, the JSON that clients of Atlassian's Statuspage know, an Atom feed, a badge.
"""
