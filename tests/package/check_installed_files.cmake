# Fails if the files below PREFIX are not exactly those listed in EXPECTED.
file(STRINGS "${EXPECTED}" expected)
file(GLOB_RECURSE installed RELATIVE "${PREFIX}" "${PREFIX}/*")

set(missing ${expected})
list(REMOVE_ITEM missing ${installed})
set(unexpected ${installed})
list(REMOVE_ITEM unexpected ${expected})
if(missing OR unexpected)
  message(FATAL_ERROR "missing: ${missing}\nnot in ${EXPECTED}: ${unexpected}")
endif()
