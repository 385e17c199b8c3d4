"""The headings that everybody may use for a role. Comes in: nothing. Goes out: :data:`HEADINGS`."""

from __future__ import annotations

from collections.abc import Mapping

from importer.models import Role

# The words people use, per role: English, then German, French, Spanish, Portuguese.
HEADINGS: Mapping[Role, tuple[str, ...]] = {
    Role.PROSPECT: (
        "Prospect ID", "Prospect", "Prospect IDs", "Prospect Key", "Contact ID", "Lead ID", "Saleshandy ID",
        "Saleshandy Prospect ID",
        "Interessenten-ID", "Kontakt-ID", "Lead-ID",
        "ID prospect", "ID du prospect", "Identifiant prospect", "ID contact", "ID du contact",
        "ID de prospecto", "ID prospecto", "ID de contacto", "ID contacto",
        "ID do prospect", "ID do contato", "ID contato", "ID do contacto", "ID do lead",
    ),
    Role.EMAIL: (
        "Email", "E-mail", "Email Address", "Emails", "Email ID", "Mail", "Mail Address", "Contact Email",
        "Contact Emails", "Prospect Email", "Lead Email", "Person Email", "Person - Email - Work", "Customer Email",
        "Recipient Email", "Primary Email", "Work Email", "Business Email", "Company Email", "Email 1",
        "E-mail 1 - Value",
        "E-Mail-Adresse", "Mailadresse", "E-Mail geschäftlich", "Person - E-Mail - Arbeit", "Kontakt-E-Mail",
        "E-Mail des Kontakts",
        "Courriel", "Adresse e-mail", "Adresse mail", "Adresse électronique", "Adresse de courriel", "Mél",
        "E-mail professionnel", "E-mail du contact",
        "Correo", "Correo electrónico", "Dirección de correo electrónico", "Dirección de correo", "Dirección de email",
        "Correo del contacto",
        "Endereço de e-mail", "E-mail comercial", "E-mail corporativo", "E-mail do contato", "Correio eletrônico",
        "Correio eletrónico", "Endereço eletrônico",
    ),
    Role.CONTENT: (
        "Note", "Notes", "Content", "Body", "Note Content", "Note Body", "Note Text", "Text", "Message", "Comment",
        "Comments", "Remark", "Remarks",
        "Notiz", "Notizen", "Notiztext", "Inhalt", "Kommentar", "Bemerkung",
        "Contenu", "Contenu de la note", "Texte", "Commentaire", "Remarque",
        "Nota", "Notas", "Contenido", "Texto", "Comentario",
        "Conteúdo", "Conteúdo da nota", "Comentário", "Observação",
    ),
    Role.VISIBILITY: (
        "Visibility", "Note Visibility", "Visible To", "Who Can See It", "Shared With", "Access", "Privacy",
        "Sichtbarkeit", "Sichtbar für", "Zugriff",
        "Visibilité", "Visible par", "Confidentialité",
        "Visibilidad", "Visible para", "Privacidad",
        "Visibilidade", "Visível para", "Privacidade",
    ),
    Role.STATUS: (
        "Status", "Note Status", "Publication Status",
        "Veröffentlichungsstatus", "Statut", "Estado", "Situação",
    ),
    Role.ATTACHMENTS: (
        "Attachment IDs", "Attachment ID", "Attachments", "Attachment", "Note Attachments", "File IDs",
        "Attachment Files", "Attachment File", "Attached Files", "Attached File",
        "Anhänge", "Anhang", "Anhang-IDs", "Anlagen",
        "Pièces jointes", "Pièce jointe", "ID des pièces jointes",
        "Adjuntos", "Adjunto", "ID de adjuntos", "Archivos adjuntos", "Archivo adjunto",
        "Anexos", "Anexo", "ID dos anexos",
    ),
    Role.KEY: (),
}  # fmt: skip
