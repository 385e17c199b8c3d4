from importer import Settings, prepare

with prepare("contacts.xlsx", Settings(key="…")) as prepared:
    plan = prepared.preview
    print(f"{plan.total} notes to send; undecided: {plan.questions}")
    report = prepared.send(agreed=plan.digest)
print(report.counts, report.results)
