"""How well the search finds: sets of questions with judged answers, measures, and a plain BM25 to compare with."""
