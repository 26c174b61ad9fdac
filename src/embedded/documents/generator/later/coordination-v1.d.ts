// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later.
export interface LeaseSpec {
    /** The holder to which the lease should be handed, where a strategy is set. */
    preferredHolder?: string;
    /** How the holder is chosen in a coordinated leader election. */
    strategy?: string;
}
