"""The solver that halmos calls: yices for a few seconds, then cvc5.

Yices looks at single bits and decides most questions at once; products and divisions of wide words it does not finish. Cvc5 reads words as
integers, to which those are plain arithmetic. Time is that of the processor, so that a busy machine proves the same.
"""

import resource
import subprocess
import sys

import cvc5

YICES_S_MAX = 3
CVC5_S_MAX = 120
DECIDED = ("sat", "unsat")


def main() -> None:
    """Answers the query in the SMT-LIB file that is named: `sat` with a model, `unsat`, or nothing when neither solver knows."""
    yices = subprocess.run(
        ["yices-smt2", "--smt2-model-format", "--bvconst-in-decimal", sys.argv[1]],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (YICES_S_MAX, YICES_S_MAX)),
    )
    if yices.stdout.startswith(DECIDED):
        print(yices.stdout, end="")
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CVC5_S_MAX, CVC5_S_MAX))
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("produce-models", "true")
    solver.setOption("solve-bv-as-int", "sum")
    parser = cvc5.InputParser(solver)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        answer = command.invoke(solver, symbols)
        print(answer, end="", flush=True)
        if answer.startswith("unsat"):
            # There is no model to ask for.
            return


if __name__ == "__main__":
    main()
