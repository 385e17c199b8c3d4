from importer import Settings, prepare

with prepare("contacts.xlsx", Settings(key="…")) as prepared:
    agreed = prepared.preview.remaining.total
    print(f"{agreed} notes to send; undecided: {prepared.preview.questions}")
    report = prepared.send(expected=agreed)
print(report.counts, report.results)
