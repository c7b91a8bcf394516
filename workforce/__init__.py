"""How many people are needed when: arrivals, forecasts, Erlang, backlogs, and the desk's own router turned by hand."""
