// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later.
/** One condition of a field selector: a field, an operator, and values. */
export interface FieldSelectorRequirement {
    /** The field, for example metadata.name. */
    key: string;
    /** In, NotIn, Exists or DoesNotExist. */
    operator: string;
    /** At least one for In and NotIn, none for the others. */
    values?: Array<string>;
}
export interface DeleteOptions {
    /** Deletes an object even if it cannot be read from the store any more, with no finalizer or precondition checked. Dangerous. */
    ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}
