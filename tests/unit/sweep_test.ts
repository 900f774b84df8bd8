import assert from "node:assert/strict";
import { test } from "node:test";
import { Sweep, type Swept } from "../../src/sweep.ts";
import { FakeClock } from "../../src/testing/mod.ts";

/** Notes when it is visited. */
class Member implements Swept {
  place = -1;
  readonly visits: number[] = [];
  onVisit: () => void = () => {};

  sweep(now: number): void {
    this.visits.push(now);
    this.onVisit();
  }
}

function members(sweep: Sweep<Member>, count: number, shortest: number): Member[] {
  return Array.from({ length: count }, () => {
    const member = new Member();
    sweep.join(member, shortest);
    return member;
  });
}

test("a sweep rests while nobody in it has a timeout", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  assert.equal(clock.pending, 0);
  const [member] = members(sweep, 1, 0);
  assert.equal(clock.pending, 0);
  await clock.advance(10);
  assert.deepEqual(member?.visits, []);
});

test("a sweep stops ticking when it is empty, and begins again", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [one, two] = members(sweep, 2, 1000);
  assert.equal(clock.pending, 1);
  assert.ok(one && two);
  sweep.leave(one);
  assert.equal(clock.pending, 1);
  sweep.leave(two);
  assert.equal(clock.pending, 0);
  assert.equal(sweep.members.length, 0);
  assert.deepEqual([one.place, two.place], [-1, -1]);
  const [third] = members(sweep, 1, 1000);
  await clock.advance(1);
  assert.ok((third?.visits.length ?? 0) >= 2);
});

test("the last member may leave while it is visited", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [member] = members(sweep, 1, 1000);
  assert.ok(member);
  member.onVisit = () => sweep.leave(member);
  await clock.advance(5);
  assert.equal(member.visits.length, 1);
  assert.equal(clock.pending, 0);
});

for (const [timeout, tick] of [
  [60_000, 250],
  [3000, 250],
  [1200, 100],
  [600, 50],
  [60, 5],
  [1, 5],
] as const) {
  test(`a sweep for ${timeout} ms ticks every ${tick} ms, and visits each member once in four ticks`, async () => {
    const clock = new FakeClock();
    const sweep = new Sweep<Member>(clock);
    const all = members(sweep, 10, timeout);
    await clock.advance((tick * 40) / 1000);
    for (const { visits } of all) {
      assert.ok(visits.length >= 9, `${visits.length} visits`);
      for (const [i, at] of visits.entries()) {
        const gap = at - (visits[i - 1] ?? 0);
        assert.ok(gap <= 4 * tick, `a gap of ${gap} ms`);
      }
    }
    assert.equal(sweep.now, tick * 40);
  });
}

test("a shorter timeout makes the sweep tick faster at once", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  members(sweep, 1, 60_000);
  await clock.advance(0.1);
  const [quick] = members(sweep, 1, 120);
  await clock.advance(0.045);
  assert.ok((quick?.visits.length ?? 0) >= 1);
  assert.equal(clock.pending, 1);
});

test("100,000 members are visited a quarter a tick, each once in four", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const all = members(sweep, 100_000, 60_000);
  for (let tick = 1; tick <= 4; tick++) {
    await clock.advance(0.25);
    const visited = all.filter(({ visits }) => visits.at(-1) === tick * 250).length;
    assert.equal(visited, 25_000);
  }
  assert.ok(all.every(({ visits }) => visits.length === 1));
});

test("no member is starved, when others leave during the visits", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const all = members(sweep, 1000, 12_000);
  // Every third leaves when it is visited, and takes the one after it along.
  for (const [i, member] of all.entries()) {
    if (i % 3 !== 0) continue;
    member.onVisit = () => {
      sweep.leave(member);
      const next = all[i + 1];
      if (next !== undefined && next.place !== -1) sweep.leave(next);
    };
  }
  await clock.advance(4);
  const left = all.filter(({ place }) => place !== -1);
  assert.deepEqual([...sweep.members].sort(byPlace), [...left].sort(byPlace));
  assert.equal(Math.min(...left.map(({ visits }) => visits.length)), 4);
  assert.ok(all.filter((_, i) => i % 3 === 0).every(({ visits }) => visits.length === 1));
});

test("leave() takes nobody else out, when the member has left already", () => {
  const sweep = new Sweep<Member>(new FakeClock());
  const [one, two] = members(sweep, 2, 0);
  assert.ok(one && two);
  sweep.leave(one);
  sweep.leave(one);
  assert.deepEqual(sweep.members, [two]);
});

test("leave() keeps the places right, whoever leaves", () => {
  const sweep = new Sweep<Member>(new FakeClock());
  const all = members(sweep, 5, 0);
  for (const i of [0, 3, 4]) {
    const member = all[i];
    assert.ok(member);
    sweep.leave(member);
    for (const [place, other] of sweep.members.entries()) assert.equal(other.place, place);
  }
  assert.deepEqual(new Set(sweep.members), new Set([all[1], all[2]]));
});

test("leave() keeps the places right, when some have been visited and whoever leaves", async () => {
  for (let count = 1; count <= 5; count += 1) {
    for (let visited = 0; visited <= 5; visited += 1) {
      for (let first = 0; first < count; first += 1) {
        const clock = new FakeClock();
        const sweep = new Sweep<Member>(clock);
        const all = members(sweep, count, 1000);
        await clock.advance(visited / 12 + 0.001);
        for (let left = 0; left < count; left += 1) {
          const member = all[(first + left) % count];
          assert.ok(member);
          sweep.leave(member);
          assert.deepEqual(
            sweep.members.map(({ place }) => place),
            [...sweep.members.keys()],
            `${count} members, ${visited} ticks, ${left + 1} have left from ${first} on`,
          );
          assert.equal(sweep.members.length, count - left - 1);
        }
      }
    }
  }
});

test("hurry() visits a member at every tick, until relax()", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const all = members(sweep, 8, 0);
  const [member] = all;
  assert.ok(member);
  sweep.hurry(member, 60);
  await clock.advance(0.05);
  assert.equal(member.visits.length >= 10, true);
  sweep.relax(member);
  const { length } = member.visits;
  await clock.advance(1);
  assert.ok(member.visits.length <= length + 1);
  assert.equal(clock.pending, 0);
});

test("hurry() for a longer timeout visits none more seldom", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [quick, slow] = members(sweep, 2, 0);
  assert.ok(quick && slow);
  sweep.hurry(quick, 60);
  sweep.hurry(slow, 60_000);
  await clock.advance(0.05);
  assert.equal(quick.visits.length, 10);
});

test("relax() of one member lets the others be visited as often as before", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [urgent, other] = members(sweep, 2, 0);
  assert.ok(urgent && other);
  sweep.hurry(urgent, 60);
  sweep.hurry(other, 60);
  sweep.relax(other);
  await clock.advance(0.05);
  assert.equal(urgent.visits.length, 10);
});

test("a member that is relaxed and hurried while it is visited is visited once a tick", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [member] = members(sweep, 1, 0);
  assert.ok(member);
  member.onVisit = () => {
    if (member.visits.length > 10) return;
    sweep.relax(member);
    sweep.hurry(member, 60);
  };
  sweep.hurry(member, 60);
  await clock.advance(0.005);
  assert.deepEqual(member.visits, [5]);
});

test("hurry() for one member does not make the sweep visit all the others as often", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const all = members(sweep, 100, 60_000);
  const [slow, ...others] = all;
  assert.ok(slow);
  sweep.hurry(slow, 60);
  await clock.advance(10);
  assert.ok(slow.visits.length >= 1990, `${slow.visits.length} visits of the urgent one`);
  for (const { visits } of others) assert.ok(visits.length >= 9 && visits.length <= 11, `${visits.length} visits`);
});

test("a member that joins or hurries during a visit does no harm", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [member] = members(sweep, 1, 1200);
  assert.ok(member);
  const joined: Member[] = [];
  member.onVisit = () => {
    if (joined.length >= 3) return;
    joined.push(...members(sweep, 1, 60));
    sweep.relax(member);
    sweep.hurry(member, 60);
  };
  await clock.advance(0.5);
  assert.equal(joined.length, 3);
  assert.ok(joined.every(({ visits }) => visits.length > 5));
});

test("members that join all the time do not put the ticks off", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [first] = members(sweep, 1, 60_000);
  for (let i = 0; i < 20; i++) {
    await clock.advance(0.1);
    const [other] = members(sweep, 1, 60_000);
    if (other !== undefined) sweep.hurry(other, 60_000);
  }
  assert.ok((first?.visits.length ?? 0) >= 1);
  assert.equal(clock.pending, 1);
});

test("a member that leaves while it is urgent is not visited any more", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [gone, stays] = members(sweep, 2, 1000);
  assert.ok(gone && stays);
  sweep.hurry(gone, 60);
  sweep.leave(gone);
  await clock.advance(3);
  assert.deepEqual(gone.visits, []);
  assert.ok(stays.visits.length > 0);
});

test("hurry() brings the time of a resting sweep up to date", async () => {
  const clock = new FakeClock();
  const sweep = new Sweep<Member>(clock);
  const [member] = members(sweep, 1, 0);
  await clock.advance(10);
  assert.ok(member);
  sweep.hurry(member, 1000);
  assert.equal(sweep.now, 10_000);
});

test("now is a whole number of milliseconds since the sweep was made, and is brought up to date by who joins a resting sweep", async () => {
  const clock = new FakeClock();
  await clock.advance(1.2345);
  const sweep = new Sweep<Member>(clock);
  assert.equal(sweep.now, 0);
  await clock.advance(0.0107);
  members(sweep, 1, 0);
  assert.equal(sweep.now, 10);
});

function byPlace(a: Member, b: Member): number {
  return a.place - b.place;
}
