"""How many tasks a Fargate service runs: from a least to a most, as many as its processors ask for.

The program's own number holds for the first start alone: `pulumi up --refresh` reads the number that the load asked for
and would set the program's again, in the middle of that load.
"""

import pulumi
import pulumi_aws as aws

# Above this average a task is added. A key check and an invocation cost Kong processor time, so that runs out first.
CPU_PERCENT = 60
_SERVICE = "aws:ecs/service:Service"


def scale(
    name: str,
    service_id: pulumi.Input[str],
    service: pulumi.Resource,
    *,
    policy_name: str,
    tasks: int,
    tasks_max: int,
    parent: pulumi.Resource,
) -> None:
    """Let the service `service_id` (`service/CLUSTER/SERVICE`) run from `tasks` up to `tasks_max` tasks."""
    scaled = {"service_namespace": "ecs", "scalable_dimension": "ecs:service:DesiredCount"}
    target = aws.appautoscaling.Target(
        name,
        resource_id=service_id,
        min_capacity=tasks,
        max_capacity=tasks_max,
        **scaled,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[service]),
    )
    aws.appautoscaling.Policy(
        name,
        name=policy_name,
        resource_id=target.resource_id,
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            "target_value": CPU_PERCENT,
        },
        **scaled,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def leave_the_number_of_tasks(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Transform awsx's component: of the service inside it the number of tasks is ignored once the service is there."""
    if args.type_ != _SERVICE:
        return None
    # The engine's spelling: names in a transform are not translated.
    ignored = pulumi.ResourceOptions(ignore_changes=["desiredCount"])
    return pulumi.ResourceTransformResult(props=args.props, opts=pulumi.ResourceOptions.merge(args.opts, ignored))
