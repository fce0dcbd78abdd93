"""The embedded engine: OpenAI's fine-tuning and inference protocol on your own machine.

Run it by itself with `python -m lib.engine`; any OpenAI client can use it. It is a tower of its own: it knows
nothing of the dashboard, which meets it over HTTP only.

    __main__    command line, the listening line, the lifeline to a parent
    app         composition: routes, errors, what starts and stops
    guard       Host, Origin, key, body caps                         every request passes it
    files  jobs  events  models  generate  sse                       the routes, one noun each
    bodies  paging  idempotency  errors  ids                         how requests are read and answers written
    queue       one trainer at a time, in order, through restarts    progress, results, validate serve it
    trainer_process   worker_process                                 the two kinds of child process
    bases       the models that can be trained
    store       tables and transactions (SQLite)

    training/   python -m lib.engine.training JOB_DIR     one process a running job
    serving/    python -m lib.engine.serving              one process that holds models and generates

Only the two child processes import torch. They may be killed at any time: the store and the job folders hold
everything, and what was running is taken up again from its last checkpoint.
"""
