"""report.html: one file that opens from disk, asks nothing of any network, and says all that the other files say.

Everything on the page comes from the documents of a result and its pictures, so that a finished run can make its page
again. Names, notes and tags are hostile text: the template escapes everything, and the page's own policy lets it run
only the script and the style it was written with.
"""
