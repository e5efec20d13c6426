//! System calls: those that are left once a process answers. Linux's seccomp(2).

use super::verdict::Lack;
use libc::c_long;
use rustix::process::getpid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
};
use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::error::Error;

/// What is left to a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    /// What answering takes, and nothing else: no socket is made, no program started, no code
    /// loaded, no other process touched.
    ToAnswer,
    /// Everything but what no program has to do with OpenPGP keys here: the network, and other
    /// processes' memory.
    ToStart,
}

/// What answering takes.
const ANSWERING: &[c_long] = &[
    // What is open, and connections to the socket that is bound.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_getsockopt,
    libc::SYS_shutdown,
    // Files: which ones, Landlock says. What is made beside a relative path makes it absolute first.
    libc::SYS_getcwd,
    libc::SYS_openat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_fsync,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    // Waiting.
    libc::SYS_futex,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    // Memory and threads.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sigaltstack,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_geteuid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals to us, randomness.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_getrandom,
];

/// The same by the older calls that the C library makes on this architecture.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_epoll_wait,
    libc::SYS_poll,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// What neither a program that asks GnuPG nor GnuPG does. io_uring(7) would go round all of this.
const NEVER: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_mount,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// Gives up what is not `left`, in all threads and for good.
pub(super) fn give_up(left: Left) -> Result<(), Lack> {
    let applied = filter(left).and_then(|filter| Ok(apply_filter_all_threads(&filter)?));
    applied.map_err(|error| Lack::Calls(error.to_string()))
}

fn filter(left: Left) -> Result<BpfProgram, Box<dyn Error>> {
    let (rules, otherwise, matching) = match left {
        // As on a kernel that does not have them: a library does without, where it can.
        Left::ToAnswer => {
            (answering()?, SeccompAction::Errno(libc::ENOSYS.cast_unsigned()), SeccompAction::Allow)
        }
        Left::ToStart => {
            (never()?, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.cast_unsigned()))
        }
    };
    let filter = SeccompFilter::new(rules, otherwise, matching, TargetArch::try_from(ARCH)?)?;
    Ok(filter.try_into()?)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Whole calls, and some of which an argument decides.
fn answering() -> Result<Rules, BackendError> {
    let mut rules = whole(&[ANSWERING, OLDER].concat());
    let thread = constant(libc::CLONE_THREAD);
    let code = constant(libc::PROT_EXEC);
    rules.insert(libc::SYS_clone, vec![only(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    rules.insert(libc::SYS_mmap, vec![only(2, SeccompCmpOp::MaskedEq(code), 0)?]);
    rules.insert(libc::SYS_mprotect, vec![only(2, SeccompCmpOp::MaskedEq(code), 0)?]);
    let name = constant(libc::PR_SET_NAME);
    rules.insert(libc::SYS_prctl, vec![only(0, SeccompCmpOp::Eq, name)?]);
    // How a process aborts itself.
    let own = constant(getpid().as_raw_nonzero().get());
    rules.insert(libc::SYS_tgkill, vec![only(0, SeccompCmpOp::Eq, own)?]);
    Ok(rules)
}

/// Sockets are Unix ones, or ask the kernel for a token.
fn never() -> Result<Rules, BackendError> {
    let mut rules = whole(NEVER);
    let not = |family| {
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, constant(family))
    };
    let network = SeccompRule::new(vec![not(libc::AF_UNIX)?, not(libc::AF_NETLINK)?])?;
    rules.insert(libc::SYS_socket, vec![network]);
    Ok(rules)
}

fn whole(calls: &[c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// A call only where this argument is so.
fn only(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let length = SeccompCmpArgLen::Dword;
    SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
}

fn constant(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}
