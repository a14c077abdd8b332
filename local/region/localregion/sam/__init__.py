"""`python -m localregion.sam`: the plan as a SAM template, for people who run functions with `sam local invoke`.

Nothing is deployed from it: Pulumi deploys. It holds what an invocation needs and no value of any secret.
"""
