//! A seccomp filter as the kernel takes it: a program of classic BPF (seccomp(2), bpf(4)).
//!
//! The kernel runs it for every number that a system call can have when it is put in force, so that
//! calls that are always allowed cost nothing later; so the number is searched for in a tree and not along a
//! list, and what several calls have in common is there once, for start-up's sake. A newcomer's trap: jumps go
//! forward only, and by 255 instructions at most.

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS,
};
use seccompiler::sock_filter;

/// What becomes of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made.
    Allow,
    /// It fails with this error.
    Refuse(i32),
    /// It is made if this holds, and fails with EPERM otherwise.
    If(Condition),
}

/// Something about an argument, of which the lower 32 bits are looked at. Arguments are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is this.
    Is(u8, u32),
    /// It is one of these.
    OneOf(u8, &'static [u32]),
    /// It has none of these bits.
    Without(u8, u32),
    /// It is the second number, if the bits of the first are not looked at.
    IsBut(u8, u32, u32),
}

/// Where `struct seccomp_data` has the number, the architecture and the arguments.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const DENIED: Verdict = Verdict::Refuse(libc::EPERM);

/// The program: for calls of this `architecture` what `rules` say by number, EPERM for others, and ENOSYS for those
/// from `unknown` on, as from a kernel that has never heard of them. A call by way of another architecture
/// ends the process. `None` if it would be too long.
pub(super) fn compile(architecture: u32, mut rules: Vec<(u32, Verdict)>, unknown: u32) -> Option<Vec<sock_filter>> {
    rules.sort_unstable_by_key(|(number, _)| *number);
    rules.dedup_by_key(|(number, _)| *number);
    // Where another verdict begins.
    let mut steps = vec![(0, DENIED)];
    for (number, verdict) in rules.into_iter().filter(|(number, _)| *number < unknown) {
        steps.pop_if(|(from, _)| *from == number);
        steps.push((number, verdict));
        steps.push((number + 1, DENIED));
    }
    steps.pop_if(|(from, _)| *from == unknown);
    steps.push((unknown, Verdict::Refuse(libc::ENOSYS)));
    steps.dedup_by(|next, before| next.1 == before.1);
    let mut program = Backwards::default();
    let begin = program.search(&steps)?;
    let kill = program.push(give(SECCOMP_RET_KILL_PROCESS));
    program.go_to(begin)?;
    let ours = program.push(load(NUMBER));
    program.jump(BPF_JEQ, architecture, ours, kill)?;
    program.push(load(ARCHITECTURE));
    program.code.reverse();
    Some(program.code)
}

/// A program that is written from its end on, as what is jumped to has to stand behind the jump. A place in it is
/// counted from the end.
#[derive(Default)]
struct Backwards {
    code: Vec<sock_filter>,
    /// Where the verdicts are: one that is the same for several calls is there once.
    verdicts: Vec<(Verdict, usize)>,
}

impl Backwards {
    /// Finds the last of the steps that begins at the number or below; gives the place where that begins.
    fn search(&mut self, steps: &[(u32, Verdict)]) -> Option<usize> {
        if let [(_, verdict)] = steps {
            return self.decide(verdict);
        }
        let (below, above) = steps.split_at(steps.len() / 2);
        let from = above.first()?.0;
        let (above, below) = (self.search(above)?, self.search(below)?);
        self.jump(BPF_JGE, from, above, below)
    }

    fn decide(&mut self, verdict: &Verdict) -> Option<usize> {
        if let Some((_, place)) = self.verdicts.iter().find(|(it, _)| it == verdict) {
            return Some(*place);
        }
        let place = match verdict {
            Verdict::Allow => self.push(give(SECCOMP_RET_ALLOW)),
            Verdict::Refuse(error) => self.push(give(SECCOMP_RET_ERRNO | error.unsigned_abs())),
            Verdict::If(condition) => self.require(condition)?,
        };
        self.verdicts.push((*verdict, place));
        Some(place)
    }

    fn require(&mut self, condition: &Condition) -> Option<usize> {
        let (holds, not) = (self.decide(&Verdict::Allow)?, self.decide(&DENIED)?);
        let argument = match condition {
            Condition::Is(argument, value) => {
                self.jump(BPF_JEQ, *value, holds, not)?;
                argument
            }
            Condition::OneOf(argument, values) => {
                values.iter().try_fold(not, |not, value| self.jump(BPF_JEQ, *value, holds, not))?;
                argument
            }
            Condition::Without(argument, bits) => {
                self.jump(BPF_JSET, *bits, not, holds)?;
                argument
            }
            Condition::IsBut(argument, bits, value) => {
                self.jump(BPF_JEQ, *value, holds, not)?;
                self.push(statement(BPF_ALU | BPF_AND | BPF_K, !bits));
                argument
            }
        };
        Some(self.push(load(ARGUMENTS + 8 * u32::from(*argument))))
    }

    /// Jumps to the first place if it holds, and to the second if not.
    fn jump(&mut self, how: u32, k: u32, holds: usize, not: usize) -> Option<usize> {
        let over = |place: usize| u8::try_from(self.code.len().checked_sub(place + 1)?).ok();
        let (jt, jf) = (over(holds)?, over(not)?);
        Some(self.push(sock_filter { jt, jf, ..statement(BPF_JMP | how | BPF_K, k) }))
    }

    /// Sees that this place is the next.
    fn go_to(&mut self, place: usize) -> Option<()> {
        let over = u32::try_from(self.code.len().checked_sub(place + 1)?).ok()?;
        if over > 0 {
            self.push(statement(BPF_JMP | BPF_JA, over));
        }
        Some(())
    }

    fn push(&mut self, instruction: sock_filter) -> usize {
        self.code.push(instruction);
        self.code.len() - 1
    }
}

fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn give(what: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, what)
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).unwrap_or_default(), jt: 0, jf: 0, k }
}

#[cfg(test)]
pub(super) mod tests;
