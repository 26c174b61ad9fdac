export { buildInForce, layeredGate } from './build-in-force.ts';
export { MachineConfigError } from './machineconfig-error.ts';
export { imageMode, takesLayeredLabel } from './image-mode.ts';
export { poolConditions, renderCondition } from './pool-conditions.ts';
export { poolConfiguration } from './pool-configuration.ts';
export { reconcile } from './reconcile.ts';
export { render } from './render.ts';
export { type Extension, extensionProblem } from './extensions.ts';
export type { KernelType } from './kernel-type.ts';
export { isRenderedEdited } from './rendered-edit.ts';
export { renderedFrom } from './rendered-from.ts';
export { renderedOwner } from './rendered-owner.ts';
export { saltedHash } from './salted-hash.ts';
export type { MachineConfigErrorCode, Problem } from './machineconfig-error.ts';
export type { Provenance, ProvenanceItem } from './provenance.ts';
export type {
  DesiredConfiguration,
  Difference,
  DifferenceCode,
  IrreconcilableOverride,
} from './reconcile.ts';
export type { Rendered, RenderedMachineConfig, RenderedSpec, RenderInput } from './render.ts';
export type { BaseEntry, BaseFacts, BaseUnit, BaseUser } from './base-facts.ts';
export { parentOf } from './base-path.ts';
export type { PlacementInput } from './placement.ts';
export { place } from './placement.ts';
export type { ImageNode, PlacedItem, Placement, Plane } from './plane.ts';
export { formatProblem } from './render-problems.ts';
export type { ImageModeAction, ImageModeDefaults } from './image-mode.ts';
export type { PoolFacts } from './pool-conditions.ts';
export { disposableRendered } from './rendered-retention.ts';
export type { Disruption, DisruptionReason } from './disruption.ts';
export { disruptionOf } from './disruption.ts';
export type { DisruptionEnd, DisruptionNote } from './disruption-note.ts';
export { formatDisruptionNote, readDisruptionNote } from './disruption-note.ts';
export type { DisruptionAction, DisruptionPolicies } from './disruption-policy.ts';
export { mergePolicies } from './disruption-policy.ts';
export { combineActions as combineDisruptions } from './disruption-actions.ts';
export type { LayeredGate } from './build-in-force.ts';
export type { NodeAttributes, NodeRule } from './node-rules.ts';
export { nodeRules } from './node-rules.ts';
export { TMPFILES_PATH } from './tmpfiles.ts';
