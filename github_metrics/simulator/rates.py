"""How often things happen: the only place where the simulated organisation's habits are numbers.

| rate | value | of |
|---|---|---|
| DRAFTED | 0.18 | pull requests are opened as a draft |
| DRAFTED_AGAIN | 0.12 | drafts are converted back to a draft once |
| FORKED | 0.10 | pull requests come from a fork, by an outside contributor |
| FORK_DELETED | 0.15 | forks are deleted while their pull request is open |
| AUTHOR_DELETED | 0.01 | authors delete their account while their pull request is open |
| BOT_AUTHORED | 0.08 | pull requests are dependency updates by a bot |
| BOT_REVIEWED | 0.35 | ready pull requests are reviewed by a bot first |
| TEAM_REQUESTED | 0.15 | ready pull requests have a team's review requested |
| REQUEST_REMOVED | 0.05 | ready pull requests lose one review request again |
| SECOND_REVIEWER | 0.30 | ready pull requests have two people's reviews requested |
| STALE | 0.04 | pull requests that nobody returns to |
| UNREVIEWED | 0.05 | pull requests are merged without a review |
| ABANDONED | 0.08 | pull requests are closed unmerged |
| REOPENED | 0.35 | closed ones are reopened, and merged |
| HELD | 0.05 | pull requests wear do-not-merge for a while |
| FOLLOWED | 0.30 | pull requests get a comment in their conversation before the review |
| COMMENT_EDITED | 0.06 | comments in a conversation are edited |
| REVIEW_EDITED | 0.04 | reviews are edited |
| GHOST | 0.01 | comments in a conversation belong to an account that is gone |
| UNRESOLVED | 0.08 | resolved threads are reopened, and resolved again |
| SQUASHED | 0.60 | merges are squashes |
| BRANCH_DELETED | 0.15 | branches are deleted after the merge |
| FAILED | 0.09 | check runs fail |
| FLAKY | 0.40 | failures turn to success when run again, at the same sha |
| SAME_ID | 0.50 | re-runs are a new attempt of the same check run id |
| SKIPPED | 0.03 | check runs are skipped |
| NEUTRAL | 0.015 | check runs are neutral |
| TIMED_OUT | 0.008 | check runs time out |
| CANCELLED | 0.01 | check runs are cancelled, besides those overtaken by a push |
| MERGED_RED | 0.10 | failing pull requests are merged all the same |
| DEPLOYMENT_FAILED | 0.12 | production deployments fail, and are rolled back |
| ISSUES | 0.15 | issues for each pull request |
| STARS | 0.12 | stars for each pull request |
"""

DRAFTED = 0.18
DRAFTED_AGAIN = 0.12
FORKED = 0.10
FORK_DELETED = 0.15
AUTHOR_DELETED = 0.01
BOT_AUTHORED = 0.08
BOT_REVIEWED = 0.35
TEAM_REQUESTED = 0.15
REQUEST_REMOVED = 0.05
SECOND_REVIEWER = 0.30
STALE = 0.04
UNREVIEWED = 0.05
ABANDONED = 0.08
REOPENED = 0.35
HELD = 0.05
FOLLOWED = 0.30
COMMENT_EDITED = 0.06
REVIEW_EDITED = 0.04
GHOST = 0.01
UNRESOLVED = 0.08
SQUASHED = 0.60
BRANCH_DELETED = 0.15
FAILED = 0.09
FLAKY = 0.40
SAME_ID = 0.50
SKIPPED = 0.03
NEUTRAL = 0.015
TIMED_OUT = 0.008
CANCELLED = 0.01
MERGED_RED = 0.10
DEPLOYMENT_FAILED = 0.12
ISSUES = 0.15
STARS = 0.12
