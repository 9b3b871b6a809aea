# Every sin against the module law must stop a configure run, and a lawful tree
# must not: configures tests/link/law/ once for each case.
foreach(case IN ITEMS lawful later verify_uses_sign sign_uses_verify
                      core_uses_verify core_uses_device device_uses_core)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${OUT}/${case} -DCASE=${case}
                -DLAW=${LAW}
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE text)
    if(case STREQUAL "lawful" AND failed)
        message(FATAL_ERROR "a lawful tree was refused:\n${text}")
    elseif(NOT case STREQUAL "lawful" AND NOT failed)
        message(FATAL_ERROR "'${case}' was not refused")
    elseif(failed AND NOT text MATCHES "must not depend on|is not declared")
        message(FATAL_ERROR "'${case}' failed for another reason:\n${text}")
    endif()
endforeach()
