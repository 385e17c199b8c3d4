"""note-importer: a spreadsheet in, every note delivered once, a result for every row out.

The modules in the order in which the data flows:

    reading ▶ columns ▶ validation ▶ grouping ▶ delivery (client, retry, pacing, journal) ▶ outcomes ▶ results

``pipeline`` alone knows that order; ``cli`` alone prints and exits; ``sandbox`` stands in for the service.
"""

__version__ = "0.1.0"
