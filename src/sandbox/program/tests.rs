use super::*;
use proptest::prelude::*;

/// What the kernel does with the program (bpf(4)); the instructions that are used here.
pub(in crate::sandbox) fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let mut data = vec![number, architecture, 0, 0];
    data.extend(arguments.iter().flat_map(|it| [*it as u32, (*it >> 32) as u32]));
    let (mut at, mut a) = (0, 0);
    loop {
        let it = &program[at];
        at += 1;
        let jumped = |holds: bool| usize::from(if holds { it.jt } else { it.jf });
        match u32::from(it.code) {
            code if code == BPF_LD | BPF_W | BPF_ABS => a = data[it.k as usize / 4],
            code if code == BPF_ALU | BPF_AND | BPF_K => a &= it.k,
            code if code == BPF_JMP | BPF_JEQ | BPF_K => at += jumped(a == it.k),
            code if code == BPF_JMP | BPF_JGE | BPF_K => at += jumped(a >= it.k),
            code if code == BPF_JMP | BPF_JSET | BPF_K => at += jumped(a & it.k != 0),
            code if code == BPF_JMP | BPF_JA => at += it.k as usize,
            code if code == BPF_RET | BPF_K => return it.k,
            code => panic!("no instruction of ours: {code:#x}"),
        }
    }
}

const HERE: u32 = 7;
const EPERM: u32 = SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ENOSYS: u32 = SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

fn verdict() -> impl Strategy<Value = Verdict> {
    let condition = prop_oneof![
        (0..6_u8, prop::sample::subsequence(vec![0, 1, 2, 3], 1..4))
            .prop_map(|(at, values)| Condition::OneOf(at, values.leak())),
        (0..6_u8, 0..8_u32).prop_map(|(at, value)| Condition::Is(at, value)),
        (0..6_u8, 0..8_u32).prop_map(|(at, bits)| Condition::Without(at, bits)),
        (0..6_u8, 0..8_u32, 0..8_u32).prop_map(|(at, bits, value)| Condition::IsBut(at, bits, value)),
    ];
    prop_oneof![
        4 => Just(Verdict::Allow),
        1 => Just(Verdict::Refuse(libc::EIO)),
        1 => condition.prop_map(Verdict::If),
    ]
}

/// What the program is to say, in other words.
fn meant(rules: &[(u32, Verdict)], number: u32, arguments: [u64; 6]) -> u32 {
    let low = |at: &u8| arguments[usize::from(*at)] as u32;
    let holds = |condition: &Condition| match condition {
        Condition::Is(at, value) => low(at) == *value,
        Condition::OneOf(at, values) => values.contains(&low(at)),
        Condition::Without(at, bits) => low(at) & bits == 0,
        Condition::IsBut(at, bits, value) => low(at) & !bits == *value,
    };
    match rules.iter().find(|(of, _)| *of == number).map(|(_, verdict)| verdict) {
        _ if number >= 40 => ENOSYS,
        Some(Verdict::Allow) => SECCOMP_RET_ALLOW,
        Some(Verdict::Refuse(error)) => SECCOMP_RET_ERRNO | *error as u32,
        Some(Verdict::If(condition)) if holds(condition) => SECCOMP_RET_ALLOW,
        _ => EPERM,
    }
}

proptest! {
    #[test]
    fn the_program_says_of_each_call_what_the_rules_say(
        rules in prop::collection::btree_map(0..45_u32, verdict(), 0..30),
        arguments in prop::array::uniform6(prop_oneof![0..8_u64, Just(1 << 32)]),
    ) {
        let rules: Vec<_> = rules.into_iter().rev().collect();
        let program = compile(HERE, rules.clone(), 40).unwrap();
        for number in (0..50).chain([u32::MAX]) {
            prop_assert_eq!(run(&program, HERE, number, arguments), meant(&rules, number, arguments), "{}", number);
        }
    }
}

#[test]
fn a_call_by_way_of_another_architecture_ends_the_process() {
    let program = compile(HERE, vec![(1, Verdict::Allow)], 40).unwrap();
    assert_eq!(run(&program, HERE, 1, [0; 6]), SECCOMP_RET_ALLOW);
    assert_eq!(run(&program, HERE + 1, 1, [0; 6]), SECCOMP_RET_KILL_PROCESS);
}

#[test]
fn what_no_jump_could_reach_is_no_program() {
    let rules = (0..1000).map(|number| (2 * number, Verdict::Allow)).collect();
    assert_eq!(compile(HERE, rules, 5000), None);
}
