// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later, or their description (with an asterisk
// and a slash) ended its comment.
/** A field selector of the request that is reviewed: either as it was sent, or taken apart. */
export interface FieldSelectorAttributes {
    /** The selector as a request's query has it. */
    rawSelector?: string;
    /** The parsed selector: all of these must hold. */
    requirements?: Array<FieldSelectorRequirement>;
}
/** A label selector of the request that is reviewed: either as it was sent, or taken apart. */
export interface LabelSelectorAttributes {
    /** The selector as a request's query has it. */
    rawSelector?: string;
    /** The parsed selector: all of these must hold. */
    requirements?: Array<LabelSelectorRequirement>;
}
export interface ResourceAttributes {
    /** Limits what is asked to objects with certain fields. */
    fieldSelector?: FieldSelectorAttributes;
    /** Limits what is asked to objects with certain labels. */
    labelSelector?: LabelSelectorAttributes;
}
export interface ResourceRule {
    /** The resources that the rule is about, subresources after a slash; an asterisk stands for all. */
    resources?: Array<string>;
    /** What may be done with them; an asterisk stands for everything. */
    verbs: Array<string>;
}
