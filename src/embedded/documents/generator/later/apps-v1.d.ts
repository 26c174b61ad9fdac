// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later.
export interface DeploymentStatus {
    /** How many pods of this deployment are being deleted. */
    terminatingReplicas?: number;
}
export interface ReplicaSetStatus {
    /** How many pods of this replica set are being deleted. */
    terminatingReplicas?: number;
}
