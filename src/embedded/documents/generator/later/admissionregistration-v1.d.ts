// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later, or their description (with an asterisk
// and a slash) ended its comment.
export interface NamedRuleWithOperations {
    /** The resources, and subresources after a slash, that the rule is about; an asterisk stands for all. */
    resources?: Array<string>;
    /** Whether the rule is about cluster-wide objects (Cluster), objects in namespaces (Namespaced), or both (an asterisk). */
    scope?: string;
}
