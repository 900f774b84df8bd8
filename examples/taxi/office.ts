/** The office that brings riders and drivers together. It knows nothing of connections but whom to push offers to. */
import { type CallerOf, RequestError } from "../../entries/contract.ts";
import type { driver, Point, Progress } from "./contract.ts";
import { ProgressQueue } from "./progress.ts";

interface Ride {
  readonly id: string;
  readonly rider: string;
  readonly from: Point;
  readonly to: Point;
  readonly progress: ProgressQueue;
  driver?: Driver;
}

/** A driver who is connected. */
export interface Driver {
  readonly name: string;
  readonly caller: CallerOf<typeof driver>;
  ride?: Ride;
}

export class Office {
  readonly #drivers = new Set<Driver>();
  readonly #rides = new Map<string, Ride>();
  #count = 0;

  /** A stream of what happens with a ride, from the call to the end; the ride is over when the stream is. */
  async *request(rider: string, from: Point, to: Point, signal: AbortSignal): AsyncGenerator<Progress> {
    this.#count += 1;
    const ride: Ride = { id: `r${this.#count}`, rider, from, to, progress: new ProgressQueue() };
    this.#rides.set(ride.id, ride);
    this.#offer(ride);
    try {
      yield* ride.progress.take(signal);
    } finally {
      // The rider has arrived, has cancelled, or is gone.
      if (this.#rides.delete(ride.id)) this.#cancel(ride);
    }
  }

  join(driver: Driver): void {
    this.#drivers.add(driver);
    this.#showRides(driver);
  }

  /** Takes a driver out; a ride that was under way is offered to the others. */
  leave(driver: Driver): void {
    this.#drivers.delete(driver);
    const { ride } = driver;
    if (ride === undefined) return;
    delete ride.driver;
    this.#offer(ride);
  }

  accept(driver: Driver, id: string): Ride {
    const ride = this.#rides.get(id);
    // The answers of a service that are no fault of its own. Two drivers may accept at once; the first has it.
    if (ride === undefined) throw new RequestError(`There is no ride ${id}`, { code: "gone" });
    if (ride.driver !== undefined) throw new RequestError(`Ride ${id} is taken`, { code: "taken" });
    if (driver.ride !== undefined) throw new RequestError(`You are on ride ${driver.ride.id}`, { code: "busy" });
    driver.ride = ride;
    for (const { caller } of this.#free()) void caller.send("withdrawn", { ride: id });
    ride.driver = driver;
    ride.progress.add({ status: "accepted", driver: driver.name });
    return ride;
  }

  move({ ride }: Driver, at: Point): void {
    ride?.progress.add({ status: "position", at });
  }

  arrive(driver: Driver): void {
    const { ride } = driver;
    if (ride === undefined) throw new RequestError("You are on no ride", { code: "no_ride" });
    this.#rides.delete(ride.id);
    ride.progress.add({ status: "arrived" });
    ride.progress.end();
    delete driver.ride;
    this.#showRides(driver);
  }

  #free(): Driver[] {
    return [...this.#drivers].filter(({ ride }) => ride === undefined);
  }

  #offer(ride: Ride): void {
    const free = this.#free();
    ride.progress.add({ status: "searching", drivers: free.length });
    for (const driver of free) this.#push(driver, ride);
  }

  #showRides(driver: Driver): void {
    for (const ride of this.#rides.values()) if (ride.driver === undefined) this.#push(driver, ride);
  }

  #push({ caller }: Driver, { id: ride, rider, from, to }: Ride): void {
    void caller.send("offer", { ride, rider, from, to });
  }

  // Told are those who might have taken it, or who has.
  #cancel(ride: Ride): void {
    const { driver } = ride;
    for (const { caller } of driver === undefined ? this.#free() : [driver]) {
      void caller.send("withdrawn", { ride: ride.id });
    }
    if (driver === undefined) return;
    delete driver.ride;
    this.#showRides(driver);
  }
}
