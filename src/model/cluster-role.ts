// The two clusters that a gateway can stand in front of, by the sections of its configuration.

export const clusterRoles = ['cluster', 'standby'] as const

export type ClusterRole = (typeof clusterRoles)[number]
