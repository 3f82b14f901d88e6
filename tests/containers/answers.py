from exporter.domain import ContainerErrorMessage, ContainerState, ContainerStatus

IN_PROGRESS = ContainerState(ContainerStatus.IN_PROGRESS)
FINISHED = ContainerState(ContainerStatus.FINISHED)
PUBLISHED = ContainerState(ContainerStatus.PUBLISHED)
EXPIRED = ContainerState(ContainerStatus.EXPIRED)
OTHER = ContainerState(ContainerStatus.OTHER)
FAILED = ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.INVALID_DURATION)
