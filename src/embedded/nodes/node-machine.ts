/** One boot of a machine, from the moment its user space is up. */
export interface MachineBoot {
  /** Of this boot and no other, as `/proc/sys/kernel/random/boot_id` gives it. */
  readonly bootId: string;
  /** For the Node's `status.nodeInfo`. */
  readonly osImage: string;
  readonly kernelVersion: string;
  /** Options of `varve agent` by which an agent outside the machine reaches it. */
  readonly agentArguments: readonly string[];
  /** What such an agent needs in its environment, beside what every process has. */
  readonly agentEnvironment: Readonly<Record<string, string>>;
}

/** Who is told of a machine's life. No call may throw. */
export interface MachineListener {
  /** User space is up. */
  booted(boot: MachineBoot): void;
  /** Nothing of this boot runs any more, and nothing may be done to the machine; a reboot boots it again by itself. */
  down(): void;
  /** A reboot came to nothing, and it stays down; why, for people. What {@link NodeMachine.start} fails with is not told here. */
  failed?(why: string): void;
}

/** A machine that a node of `varve up` stands on: deployments, a boot loader, a disk that outlives power. */
export interface NodeMachine {
  readonly name: string;
  /**
   * Switches it on. What its boot loader says is booted. Reboots that are asked for from inside happen by themselves until
   * it is switched off.
   *
   * @throws EmbeddedError `cannot-start` where nothing of it can be booted
   */
  start(listener: MachineListener): Promise<void>;
  /** A clean shutdown: what is staged and not locked is finalized. It ends by itself; nothing of it is left running. */
  stop(): Promise<void>;
  /** The power is gone: nothing is finalized. It stays off. */
  cutPower(): Promise<void>;
}
