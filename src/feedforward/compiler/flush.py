"""How machine code comes to read and write a zero for each subnormal number: the processor is told to, on entry.

It is told by a few bits of a register that each thread has of its own: whoever calls finds it again as it was, so that
the arithmetic of NumPy and of other libraries stays what it is.
"""

from __future__ import annotations

from llvmlite import ir

from feedforward.compiler.vector import call

__all__ = ["emit_flushing", "flush_what_is_folded"]

_X86 = 1 << 15 | 1 << 6
"""Flush-to-zero and denormals-are-zeros, in MXCSR (Intel, "Software Developer's Manual", volume 1, section 10.2.3)."""

_ARM = 1 << 24
"""FZ, for results and operands alike, in FPCR (Arm, "Architecture Reference Manual", section C5.2.8)."""


def emit_flushing(function: ir.Function, name: str) -> ir.Function:
    """Emit a function `name` that calls another, with subnormal numbers being zeros until it returns.

    Notes
    -----
    LLVM takes floating-point arithmetic for independent of that register, so it may move some across where it is set.
    There is none to be moved: the function called must not be made part of this one.
    """
    function.linkage = "internal"
    function.attributes.add("noinline")
    entry = ir.Function(function.module, function.ftype, name)
    builder = ir.IRBuilder(entry.append_basic_block("entry"))
    triple = function.module.triple
    if triple.startswith(("x86", "i386", "i686")):
        word, void = ir.IntType(32), ir.VoidType()
        before, during = builder.alloca(word), builder.alloca(word)
        call(builder, "llvm.x86.sse.stmxcsr", void, [before])
        builder.store(builder.or_(builder.load(before, typ=word), ir.Constant(word, _X86)), during)
        call(builder, "llvm.x86.sse.ldmxcsr", void, [during])
        builder.call(function, entry.args)
        call(builder, "llvm.x86.sse.ldmxcsr", void, [before])
    elif triple.startswith(("aarch64", "arm64")):
        word = ir.IntType(64)
        before = call(builder, "llvm.aarch64.get.fpcr", word, [])
        call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), [builder.or_(before, ir.Constant(word, _ARM))])
        builder.call(function, entry.args)
        call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), [before])
    else:  # a processor without such a register
        builder.call(function, entry.args)
    builder.ret_void()
    return entry


def flush_what_is_folded(function: ir.Function) -> None:
    """Let LLVM compute ahead what the processor would compute: a zero for each subnormal number."""
    set.add(function.attributes, '"denormal-fp-math"="preserve-sign,preserve-sign"')  # llvmlite has no word for it
